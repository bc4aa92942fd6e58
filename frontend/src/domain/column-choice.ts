/** Which columns are shown, and in what order. */
export type ColumnChoice = {
  /** Ids in this order; columns that are not named come after, in theirs. */
  order: readonly string[];
  hidden: readonly string[];
};
