exec sambodhan space retrain --port 7860
