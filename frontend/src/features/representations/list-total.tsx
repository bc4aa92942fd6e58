import { useQuery } from "@tanstack/react-query";

import { useApi } from "../../api/api-context";
import { type ListQuestion, queryRepresentations } from "../../api/query-representations";
import { useLiveQueries } from "../../api/use-live-queries";
import { isFiltered, NO_FILTER } from "../../domain/list-filter";
import { formatBytes, formatCount, formatNumberOf } from "../../lib/format";
import type { ListTotals } from "./row-blocks";

/** The database keeps this sum; it still is read less often than rows. */
const WHOLE_EVERY_MS = 10_000;

/** How many representations the project has, asked only beside a filtered list. */
function useWhole(question: ListQuestion): number | null {
  const api = useApi();
  const { projectName, filter, sort } = question;
  const queryKey = ["whole-list", projectName];
  const { data } = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const whole = { projectName, siteNames: [], filter: NO_FILTER, sort };
      const part = { first: 1, withTotal: true };
      return (await queryRepresentations(api, whole, part, signal)).total;
    },
    enabled: isFiltered(filter),
  });
  useLiveQueries(isFiltered(filter) ? [queryKey] : [], WHOLE_EVERY_MS);
  return isFiltered(filter) ? (data ?? null) : null;
}

/** "1,204 of 1,000,000 representations · 3.2 TB"; files too where one points at it. */
export function Total({
  question,
  totals,
}: {
  question: ListQuestion;
  totals: ListTotals | null;
}) {
  const whole = useWhole(question);
  if (totals === null) return <span className="count" role="status" />;
  const { rows, files, bytes } = totals;
  const told = [
    whole === null || whole < rows
      ? formatNumberOf(rows, "representation")
      : `${formatCount(rows)} of ${formatNumberOf(whole, "representation")}`,
    ...(files !== null && files > 0 ? [formatNumberOf(files, "file")] : []),
    ...(bytes !== null && bytes > 0 ? [formatBytes(bytes)] : []),
  ];
  return (
    <span className="count" role="status" title={told.join(" · ")}>
      {told.join(" · ")}
    </span>
  );
}
