// SPDX-License-Identifier: GPL-2.0-only
/* The test importer's DMA engine is this card's, too. */
#include "../importer/edu.c"
