"""The osimages command."""
