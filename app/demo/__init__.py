"""A simulated programme to look at: made by the domain's own actions under a simulated clock."""
