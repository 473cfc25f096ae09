"""The sheets that finance takes away: what each says, and how each becomes a workbook, CSV or paper."""
