"""Commands and menus that ask for a picture, and the one that tells how a picture was made."""
