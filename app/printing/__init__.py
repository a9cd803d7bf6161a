"""Paper and pictures: coupons and a design become a printable sheet, an SVG becomes a PNG or a PDF."""
