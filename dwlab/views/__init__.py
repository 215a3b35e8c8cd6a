"""Charts, contact sheets, reports and bars: what people look at. Nothing here makes a picture."""
