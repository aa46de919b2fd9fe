import { Button, Select, TextInput } from "@mantine/core";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { audit } from "../../data/audit-client.ts";
import { PageHead } from "../../parts/page-head.tsx";
import { Panel } from "../../parts/panel.tsx";
import { Empty, Failed, Loading } from "../../parts/states.tsx";
import { useFormat } from "../../parts/use-format.ts";
import { EntryDrawer } from "./entry-drawer.tsx";
import { EntryRow } from "./entry-row.tsx";
import { VerifyChain } from "./verify-chain.tsx";
import "../../parts/table.css";
import "./audit.css";

const outcomes = ["done", "refused", "failed"] as const;
const filters = ["who", "what", "on"] as const;
const pageSize = 100;

type Entry = Awaited<ReturnType<typeof audit.entries>>["entries"][number];

/** Who did what, when and why, newest first; and whether the chain is whole. */
export function AuditPage() {
	const { t } = useTranslation();
	const format = useFormat();
	const navigate = useNavigate();
	const search = useSearch({ strict: false });
	const [open, setOpen] = useState<Entry>();
	const set = (patch: Record<string, string | undefined>): void =>
		void navigate({ to: ".", search: (last: Record<string, unknown>) => ({ ...last, ...patch }) as never, replace: true });
	const outcome = outcomes.find((each) => each === search.outcome);
	const asked = {
		...(search.who ? { who: search.who } : {}),
		...(search.what ? { what: search.what } : {}),
		...(search.on ? { on: search.on } : {}),
		...(outcome ? { outcome } : {}),
	};
	const entries = useInfiniteQuery({
		queryKey: ["audit", "entries", asked],
		initialPageParam: undefined as number | undefined,
		queryFn: ({ pageParam, signal }) =>
			audit.entries({ ...asked, limit: pageSize, ...(pageParam === undefined ? {} : { before: pageParam }) }, { signal }),
		getNextPageParam: (last) => (last.entries.length < pageSize ? undefined : last.entries.at(-1)?.number),
		placeholderData: keepPreviousData,
	});
	const shown = entries.data?.pages.flatMap((page) => page.entries) ?? [];
	return (
		<div className="page">
			<PageHead
				title={t("nav.audit")}
				note={
					entries.data
						? t("audit.count", {
								count: entries.data.pages[0]?.total ?? 0,
								number: format.count(entries.data.pages[0]?.total ?? 0),
							})
						: undefined
				}
			>
				<VerifyChain />
			</PageHead>
			<Panel flush>
				<div className="audit-filters">
					{filters.map((filter) => (
						<TextInput
							key={filter}
							label={t(`audit.${filter}`)}
							value={search[filter] ?? ""}
							onChange={(event) => set({ [filter]: event.currentTarget.value || undefined })}
						/>
					))}
					<Select
						label={t("audit.outcome")}
						clearable
						data={outcomes.map((value) => ({ value, label: t(`outcome.${value}`) }))}
						value={outcome ?? null}
						onChange={(value) => set({ outcome: value ?? undefined })}
					/>
				</div>
				{entries.isPending ? <Loading rows={8} /> : null}
				{entries.error && !entries.data ? <Failed error={entries.error} onRetry={() => void entries.refetch()} /> : null}
				{entries.data && shown.length === 0 ? <Empty title={t("audit.none")}>{t("audit.noneHint")}</Empty> : null}
				{shown.length > 0 ? (
					<div className="table-scroll">
						<table className="table">
							<thead>
								<tr>
									<th className="number">{t("audit.number")}</th>
									<th>{t("audit.at")}</th>
									<th>{t("audit.who")}</th>
									<th>{t("audit.what")}</th>
									<th>{t("audit.on")}</th>
									<th>{t("audit.why")}</th>
									<th>{t("audit.outcome")}</th>
								</tr>
							</thead>
							<tbody>
								{shown.map((entry) => (
									<EntryRow key={entry.number} entry={entry} onOpen={() => setOpen(entry)} />
								))}
							</tbody>
						</table>
					</div>
				) : null}
				{entries.hasNextPage ? (
					<Button variant="subtle" fullWidth loading={entries.isFetchingNextPage} onClick={() => void entries.fetchNextPage()}>
						{t("action.showMore")}
					</Button>
				) : null}
			</Panel>
			{open ? <EntryDrawer entry={open} onClose={() => setOpen(undefined)} /> : null}
		</div>
	);
}
