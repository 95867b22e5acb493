"""What a server and the people in it have chosen."""
