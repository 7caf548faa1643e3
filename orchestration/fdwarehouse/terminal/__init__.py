"""What a person sees in a terminal: tables, progress, errors. Imports `database`."""
