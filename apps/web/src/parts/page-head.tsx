import type { ReactNode } from "react";

/** The page's name, what qualifies it, and what can be done here. */
export const PageHead = ({ title, note, children }: { title: ReactNode; note?: ReactNode; children?: ReactNode }) => (
	<div className="page-head">
		<h1>{title}</h1>
		{note ? <span className="second">{note}</span> : null}
		<span className="grow" />
		{children}
	</div>
);
