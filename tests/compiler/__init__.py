"""The compiler, proved on shapes of SELECTs as analysts write them, over random changes."""
