"""What a telephone shows: words, languages, lengths."""
