import { Icon } from "../../components/icon";

/** Folders that a link names: alone, the panel has no tree of folders to show them. */
export function FoldersChip({ count, onClear }: { count: number; onClear: () => void }) {
  return (
    <button
      type="button"
      className="button chip"
      data-set="true"
      aria-label={`Folders: ${count}. Show all folders`}
      title="The link names these folders. Show all folders"
      onClick={onClear}
    >
      <Icon name="folder" />
      Folders: {count}
      <Icon name="close" size={12} />
    </button>
  );
}
