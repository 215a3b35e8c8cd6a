"""What a table says: tables in, tables out."""
