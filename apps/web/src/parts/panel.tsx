import type { ReactNode } from "react";
import "./panel.css";

/** One surface: a heading line and its content, told apart by a hairline. */
export function Panel({
	title,
	note,
	side,
	children,
	flush,
	className,
}: {
	title?: ReactNode;
	note?: ReactNode;
	side?: ReactNode;
	children: ReactNode;
	/** No padding: rows bring their own. */
	flush?: boolean;
	className?: string;
}) {
	return (
		<section className={`panel${className ? ` ${className}` : ""}`}>
			{title !== undefined || side ? (
				<header className="panel-head">
					<h2>{title}</h2>
					{note ? <span className="second small cut">{note}</span> : null}
					<span className="grow" />
					{side}
				</header>
			) : null}
			<div className={flush ? "panel-body flush" : "panel-body"}>{children}</div>
		</section>
	);
}

/** A figure with what it is and what to hold it against. */
export function Kpi({
	label,
	value,
	unit,
	note,
	tone,
}: {
	label: ReactNode;
	value: ReactNode;
	unit?: ReactNode;
	note?: ReactNode;
	tone?: string;
}) {
	return (
		<div className={`kpi${tone ? ` ${tone}` : ""}`}>
			<span className="kpi-label cut">{label}</span>
			<span className="kpi-value">
				{value}
				{unit ? <span className="kpi-unit"> {unit}</span> : null}
			</span>
			{note ? <span className="kpi-note">{note}</span> : null}
		</div>
	);
}

export const KpiStrip = ({ children }: { children: ReactNode }) => <div className="panel kpi-strip">{children}</div>;

/** Name and figure in a line, for ledgers and facts. */
export function Fact({ name, children, quiet }: { name: ReactNode; children: ReactNode; quiet?: boolean }) {
	return (
		<div className={`fact${quiet ? " quiet" : ""}`}>
			<dt>{name}</dt>
			<dd className="mono">{children}</dd>
		</div>
	);
}
