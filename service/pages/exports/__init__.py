"""A list on paper, for the meeting: as a workbook and as pages to print."""
