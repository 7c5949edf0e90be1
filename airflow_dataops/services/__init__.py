"""What the product does, step by step: rules of the domain, systems behind ports."""
