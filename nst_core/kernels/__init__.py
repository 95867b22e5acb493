"""How convolutions are computed: precision, Winograd."""
