"""The pretrained networks and where their weights come from."""
