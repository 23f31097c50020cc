exec sambodhan serve "$LABEL" --host 0.0.0.0 --port 7860
