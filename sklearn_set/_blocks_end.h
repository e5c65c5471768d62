/* Forget what _blocks.h leaves behind. */
#undef VECTOR_BYTES
#undef LANES
#undef LANE_NUMBERS
#undef VEC
#undef WORDS
#undef SELECT
#undef LOAD
#undef STORE
#undef AT
#undef FOR_BLOCKS
