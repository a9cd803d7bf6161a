"""Pure analysis of recruitment forests: plain values in, frozen results out."""
