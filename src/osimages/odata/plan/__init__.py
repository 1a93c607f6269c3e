"""From trees and the model to a typed, bounded plan."""
