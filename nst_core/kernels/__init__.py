"""How convolutions are computed: Winograd's algorithm, and the precision that is fastest here."""
