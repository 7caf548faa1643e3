"""What each page shows: from an observation to the values of its template. One module per page."""
