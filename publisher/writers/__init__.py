"""Writers: turn the nodes of the model into text, one file per output format."""
