"""Files that go to whoever pays, and what comes back: layouts are data, amounts are exact, and a bad file tells every fault."""
