import { type ReactNode, useLayoutEffect, useRef } from "react";
import { ScrollText } from "./scroll-text.tsx";
import "./table.css";

/** A table; on a phone each row is a card, its lines named as the columns are, and nothing scrolls sideways. */
export function CardTable({
	label,
	className,
	children,
}: {
	label: string;
	/** "two" puts two lines beside each other. */
	className?: string;
	children: ReactNode;
}) {
	const table = useRef<HTMLTableElement>(null);
	useLayoutEffect(() => {
		const heads = [...(table.current?.tHead?.rows[0]?.cells ?? [])].map((cell) => cell.textContent);
		for (const body of table.current?.tBodies ?? [])
			for (const row of body.rows) {
				let column = 0;
				for (const cell of row.cells) {
					cell.dataset.label = heads[column] ?? "";
					column += cell.colSpan;
				}
			}
	});
	return (
		<ScrollText className="table-scroll" label={label}>
			<table ref={table} className={`table as-cards${className ? ` ${className}` : ""}`}>
				{children}
			</table>
		</ScrollText>
	);
}
