"""The compiler, tested on typical shapes of SELECTs with random changes."""
