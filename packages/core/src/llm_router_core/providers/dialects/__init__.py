"""How each family of providers writes a request and a reply. Pure: bytes and values in, values out."""
