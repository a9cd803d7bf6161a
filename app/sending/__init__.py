"""What the worker sends, outside any transaction: messages and webhooks."""
