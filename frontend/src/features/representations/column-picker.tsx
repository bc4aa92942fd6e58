import { CheckItem, toggle } from "../../components/check-item";
import { Icon } from "../../components/icon";
import { Popover } from "../../components/popover";
import {
  type ColumnLayout,
  LEAST_WIDTH,
  MOST_WIDTH,
  moveColumn,
  orderIds,
  resizeColumn,
  USUAL_LAYOUT,
  WIDTH_STEP,
} from "./column-layout";
import { type Column, isHidden, USUALLY_HIDDEN } from "./columns";

/** Which columns there are and in what order; all of it works without a mouse. */
export function ColumnPicker({
  columns,
  layout,
  onLayout,
}: {
  columns: readonly Column[];
  layout: ColumnLayout;
  onLayout: (layout: ColumnLayout) => void;
}) {
  const ids = orderIds(
    columns.map((column) => column.id),
    layout,
  );
  const ordered = ids.flatMap((id) => columns.find((column) => column.id === id) ?? []);
  const shown = ordered.filter((column) => !isHidden(column, layout));
  const move = (id: string, by: number) => {
    const target = ids[ids.indexOf(id) + by];
    if (target !== undefined) onLayout(moveColumn(layout, ids, id, target));
  };
  return (
    <Popover icon="columns" label="Columns" hint="Columns and their order">
      {ordered.map((column, index) => {
        const isShown = shown.includes(column);
        const mark = USUALLY_HIDDEN.includes(column.id) ? `+${column.id}` : column.id;
        return (
          <div key={column.id} className="picker-row">
            <CheckItem
              isChecked={isShown}
              // The last column cannot be taken away.
              isDisabled={isShown && shown.length === 1}
              onToggle={() => {
                onLayout({ ...layout, hidden: toggle(layout.hidden, mark) });
              }}
            >
              {column.label}
            </CheckItem>
            <WidthSlider
              label={`Width of ${column.label}`}
              width={layout.widths[column.id] ?? column.size}
              onResize={(width) => {
                onLayout(resizeColumn(layout, column.id, width));
              }}
            />
            <MoveButton
              label={`Move ${column.label} to the left`}
              icon="sortUp"
              isDisabled={index === 0}
              onMove={() => {
                move(column.id, -1);
              }}
            />
            <MoveButton
              label={`Move ${column.label} to the right`}
              icon="sortDown"
              isDisabled={index === ordered.length - 1}
              onMove={() => {
                move(column.id, 1);
              }}
            />
          </div>
        );
      })}
      <div className="picker-foot">
        <button
          type="button"
          className="link"
          onClick={() => {
            onLayout(USUAL_LAYOUT);
          }}
        >
          Usual columns
        </button>
      </div>
    </Popover>
  );
}

/** What the edge of a header does by hand; the arrow keys step. */
function WidthSlider({
  label,
  width,
  onResize,
}: {
  label: string;
  width: number;
  onResize: (width: number) => void;
}) {
  return (
    <input
      type="range"
      className="picker-width"
      aria-label={label}
      aria-valuetext={`${width} pixels`}
      title={label}
      min={LEAST_WIDTH}
      max={MOST_WIDTH}
      step={WIDTH_STEP}
      value={width}
      onChange={(event) => {
        onResize(Number(event.target.value));
      }}
    />
  );
}

function MoveButton({
  label,
  icon,
  isDisabled,
  onMove,
}: {
  label: string;
  icon: "sortUp" | "sortDown";
  isDisabled: boolean;
  onMove: () => void;
}) {
  return (
    <button
      type="button"
      className="chip-clear"
      aria-label={label}
      title={label}
      disabled={isDisabled}
      onClick={onMove}
    >
      <Icon name={icon} size={14} />
    </button>
  );
}
