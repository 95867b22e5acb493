"""What every command uses: layout and text, persistent buttons, error answers, retries, context."""
