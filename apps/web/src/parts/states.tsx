import { Button } from "@mantine/core";
import { asMillwrightError } from "@millwright/core";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useFormat, useNow } from "./use-format.ts";
import "./states.css";

/** Grey bars where rows will be: calm, and the page does not jump. */
export function Loading({ rows = 5 }: { rows?: number }) {
	const { t } = useTranslation();
	return (
		<div className="loading" role="status">
			<span className="visually-hidden">{t("state.loading")}</span>
			{Array.from({ length: rows }, (_, row) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: the bars are all alike and never move
				<span key={row} className="loading-row" style={{ width: `${88 - ((row * 17) % 40)}%` }} />
			))}
		</div>
	);
}

/** Nothing here, and what to do about it. */
export function Empty({ title, children, action }: { title: ReactNode; children?: ReactNode; action?: ReactNode }) {
	return (
		<div className="empty">
			<p className="strong">{title}</p>
			{children ? <p className="second">{children}</p> : null}
			{action ? <div className="empty-action">{action}</div> : null}
		</div>
	);
}

/** What failed, where, what to do next, and the code to search for. */
export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
	const { t } = useTranslation();
	const problem = asMillwrightError(error, "web.unexpected");
	return (
		<div className="failed" role="alert">
			<p className="strong">{problem.message}</p>
			{problem.place ? <p className="mono second">{problem.place}</p> : null}
			{problem.hint ? <p className="second">{problem.hint}</p> : null}
			<p className="row wrap">
				{onRetry ? (
					<Button variant="default" size="compact-xs" onClick={onRetry}>
						{t("action.tryAgain")}
					</Button>
				) : null}
				<span className="mono third">{problem.code}</span>
			</p>
		</div>
	);
}

/** Shown above what was read before, when asking again fails: the old is greyed, with its time. */
export function StaleNote({ since, error }: { since: number; error: unknown }) {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	// That the server is away stands in the header already.
	const problem = asMillwrightError(error);
	return (
		<p className="stale-note" role="status">
			{t("state.staleSince", { time: format.moment(since, now) })}
			{problem.kind === "outage" ? null : <span className="third"> {problem.message}</span>}
		</p>
	);
}

interface Question<T> {
	data: T | undefined;
	error: unknown;
	isPending: boolean;
	dataUpdatedAt: number;
	refetch(): unknown;
}

/** The four states of anything asked: loading, failed, stale, answered. */
export function Answer<T>({ of, children, rows }: { of: Question<T>; children: (data: T) => ReactNode; rows?: number }) {
	if (of.data !== undefined)
		return (
			<>
				{of.error ? <StaleNote since={of.dataUpdatedAt} error={of.error} /> : null}
				{children(of.data)}
			</>
		);
	if (of.error) return <Failed error={of.error} onRetry={() => void of.refetch()} />;
	return <Loading {...(rows === undefined ? {} : { rows })} />;
}
