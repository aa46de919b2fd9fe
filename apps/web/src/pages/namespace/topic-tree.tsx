import type { TreeNode } from "@millwright/namespace/api";
import { IconChevronRight } from "@tabler/icons-react";
import { useQueries } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { LiveNumber } from "../../parts/live-number.tsx";
import { trustOf } from "../../parts/show-value.ts";
import { Failed } from "../../parts/states.tsx";
import { unitLabel } from "../../parts/unit-label.ts";
import { useFormat } from "../../parts/use-format.ts";
import { above, type TreeRow, treeRows } from "./tree-rows.ts";

const rowHeight = 28;
const refetchMs = 5_000;

function RowContent({ node, row }: { node: TreeNode; row: TreeRow }) {
	const { t } = useTranslation();
	const format = useFormat();
	return (
		<>
			{node.children > 0 ? (
				<IconChevronRight size={14} className={row.open ? "tree-arrow open" : "tree-arrow"} aria-hidden="true" />
			) : (
				<span className="tree-arrow" />
			)}
			<span className={node.tag ? "cut" : "cut strong"}>{node.name}</span>
			<span className="grow" />
			{node.tag ? (
				<span className="mono tree-value">
					<LiveNumber tag={node.tag.tag} about={{}} initial={node.tag.value} initialTrust={trustOf(node.tag.quality)} />{" "}
					<span className="unit">{unitLabel(node.tag.unit)}</span>
				</span>
			) : (
				<>
					{node.abnormal > 0 ? (
						<span className="tree-abnormal small" title={t("namespace.abnormal", { count: node.abnormal })}>
							○ {format.count(node.abnormal)}
						</span>
					) : null}
					<span className="mono third tree-count" title={t("namespace.tagsBelow", { count: node.tags })}>
						{format.short(node.tags)}
					</span>
				</>
			)}
		</>
	);
}

/** The topic tree, a level asked for when it is opened; only rows on screen are drawn and subscribed. */
export function TopicTree({ chosen, onOpen }: { chosen: string | undefined; onOpen: (tag: string) => void }) {
	const { t } = useTranslation();
	const [open, setOpen] = useState<ReadonlySet<string>>(() => new Set(chosen ? above(chosen) : []));
	const [focused, setFocused] = useState(chosen ?? "");
	const scroll = useRef<HTMLDivElement>(null);
	const asked = ["", ...open];
	const answers = useQueries({
		queries: asked.map((path) => ({
			queryKey: ["namespace", "tree", path],
			queryFn: ({ signal }: { signal: AbortSignal }) => namespace.tree({ path, limit: 5000 }, { signal }),
			refetchInterval: refetchMs,
		})),
	});
	const root = answers[0];
	const levels = new Map<string, readonly TreeNode[]>();
	answers.forEach((answer, index) => {
		if (answer.data) levels.set(asked[index] as string, answer.data.nodes);
	});
	// A plant has one enterprise as a rule: it opens by itself.
	const only = levels.get("")?.length === 1 ? levels.get("")?.[0]?.path : undefined;
	const [opened, setOpened] = useState(false);
	if (only !== undefined && !opened) {
		setOpened(true);
		setOpen(new Set([...open, only]));
	}
	const rows = treeRows(levels, open);
	const virtual = useVirtualizer({
		count: rows.length,
		getScrollElement: () => scroll.current,
		estimateSize: () => rowHeight,
		overscan: 8,
		getItemKey: (index) => rows[index]?.path ?? index,
	});

	if (root?.error && !root.data) return <Failed error={root.error} onRetry={() => void root.refetch()} />;

	const toggle = (row: TreeRow, to = !row.open): void => {
		const next = new Set(open);
		if (to) next.add(row.path);
		else next.delete(row.path);
		setOpen(next);
	};
	const take = (row: TreeRow): void => {
		setFocused(row.path);
		if (row.node?.tag) onOpen(row.node.tag.tag);
		if (row.node && row.node.children > 0) toggle(row);
	};
	const onKey = (event: KeyboardEvent): void => {
		const at = Math.max(
			0,
			rows.findIndex((row) => row.path === focused),
		);
		const row = rows[at];
		const go = (index: number): void => {
			const next = rows[Math.max(0, Math.min(rows.length - 1, index))];
			if (!next) return;
			setFocused(next.path);
			virtual.scrollToIndex(rows.indexOf(next));
		};
		if (event.key === "ArrowDown") go(at + 1);
		else if (event.key === "ArrowUp") go(at - 1);
		else if (event.key === "Home") go(0);
		else if (event.key === "End") go(rows.length - 1);
		else if (event.key === "ArrowRight" && row && !row.open && (row.node?.children ?? 0) > 0) toggle(row, true);
		else if (event.key === "ArrowLeft" && row?.open) toggle(row, false);
		else if (event.key === "ArrowLeft" && row) go(rows.findIndex((each) => each.path === above(row.path).at(-1)));
		else if ((event.key === "Enter" || event.key === " ") && row) take(row);
		else return;
		event.preventDefault();
	};

	return (
		<div
			className="tree"
			ref={scroll}
			role="tree"
			aria-label={t("namespace.topics")}
			tabIndex={0}
			onKeyDown={onKey}
			aria-activedescendant={focused ? `tree-${focused}` : undefined}
		>
			<div role="presentation" style={{ height: virtual.getTotalSize(), position: "relative" }}>
				{virtual.getVirtualItems().map((item) => {
					const row = rows[item.index];
					if (!row) return null;
					return (
						// biome-ignore lint/a11y/useKeyWithClickEvents: the tree itself listens to the keys
						// biome-ignore lint/a11y/useFocusableInteractive: focus stays on the tree, which names its active row
						<div
							key={item.key}
							id={`tree-${row.path}`}
							role="treeitem"
							aria-level={row.depth + 1}
							aria-selected={row.node?.tag?.tag === chosen && chosen !== undefined}
							{...(row.node && row.node.children > 0 ? { "aria-expanded": row.open } : {})}
							className={`tree-row${row.node?.tag && row.node.tag.tag === chosen ? " chosen" : ""}${row.path === focused ? " focused" : ""}`}
							style={{ transform: `translateY(${item.start}px)`, height: rowHeight, paddingInlineStart: 8 + row.depth * 14 }}
							onClick={() => take(row)}
						>
							{row.node ? <RowContent node={row.node} row={row} /> : <span className="third">{t("state.loading")}</span>}
						</div>
					);
				})}
			</div>
		</div>
	);
}
