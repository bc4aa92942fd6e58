import "./filter-bar.css";

import type { ReactNode } from "react";

import type { Site } from "../../api/types";
import type { ListFilter, Sort } from "../../domain/list-filter";
import { FoldersChip } from "./folders-chip";
import { ChangedPicker, MorePicker } from "./more-picker";
import { SearchBox } from "./search-box";
import { SitePicker } from "./site-picker";
import { SortPicker } from "./sort-picker";
import { StatusPicker } from "./status-picker";

type BarProps = {
  filter: ListFilter;
  /** The host's hierarchy says which folders, whatever the filter says. */
  hasHostFolders: boolean;
  sort: Sort;
  sites: readonly Site[];
  siteNames: readonly string[];
  columnPicker: ReactNode;
  copyLink: ReactNode;
  total: ReactNode;
  onFilter: (part: Partial<ListFilter>) => void;
  onSort: (sort: Sort) => void;
  onSites: (siteNames: readonly string[] | null) => void;
  onSearch: (text: string) => void;
};

/** What is listed, in which order, with which columns. */
export function FilterBar(props: BarProps) {
  const { filter, siteNames, onFilter } = props;
  return (
    <div className="filter-bar">
      <SearchBox value={filter.search} onChange={props.onSearch} />
      {filter.folderIds.length > 0 && !props.hasHostFolders && (
        <FoldersChip
          count={filter.folderIds.length}
          onClear={() => {
            onFilter({ folderIds: [] });
          }}
        />
      )}
      <StatusPicker
        siteNames={siteNames}
        statuses={filter.statuses}
        onChange={(statuses) => {
          onFilter({ statuses });
        }}
      />
      <ChangedPicker filter={filter} onChange={onFilter} />
      <MorePicker filter={filter} onChange={onFilter} />
      <SortPicker sort={props.sort} siteNames={siteNames} onChange={props.onSort} />
      <SitePicker sites={props.sites} chosen={siteNames} onChange={props.onSites} />
      {props.columnPicker}
      {props.copyLink}
      {props.total}
    </div>
  );
}
