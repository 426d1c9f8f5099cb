"""Products, prices, quotes, orders, invoices and payments."""
