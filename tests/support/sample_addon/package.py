name = "sample"
title = "Sample"
version = "1.2.3"
