"""What a person keeps: pieces with their whole history, models, and the files behind them."""
