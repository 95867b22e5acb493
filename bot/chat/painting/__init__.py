"""The ways in: commands and menus that ask for a picture, and how a picture was made."""
