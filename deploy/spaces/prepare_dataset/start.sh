exec sambodhan space prepare --port 7860
