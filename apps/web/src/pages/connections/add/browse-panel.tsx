import { Button, Checkbox } from "@mantine/core";
import { asMillwrightError } from "@millwright/core";
import { IconChevronRight } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { sense } from "../../../data/clients.ts";
import { textsOf, valuesOf } from "../../../parts/form/fields.ts";
import { Panel } from "../../../parts/panel.tsx";
import { Answer } from "../../../parts/states.tsx";
import { unitLabel } from "../../../parts/unit-label.ts";
import { Certificates } from "../certificates.tsx";
import { filledRows } from "./draft.ts";
import { emptyRow } from "./register-row.ts";
import type { StepProps } from "./step-props.ts";

type Node = Awaited<ReturnType<typeof sense.browse>>["nodes"][number];

interface LevelProps {
	node: string | undefined;
	driver: string;
	settings: Record<string, unknown>;
	taken: (node: Node) => boolean;
	onTake: (node: Node) => void;
}

function Level({ node, driver, settings, taken, onTake }: LevelProps) {
	const { t } = useTranslation();
	const [open, setOpen] = useState<ReadonlySet<string>>(new Set());
	const nodes = useQuery({
		queryKey: ["sense", "browse", driver, settings, node ?? ""],
		queryFn: ({ signal }) => sense.browse({ driver, settings, ...(node === undefined ? {} : { node }) }, { signal }),
		staleTime: 60_000,
		retry: false,
		refetchOnWindowFocus: false,
	});
	return (
		<>
			<Answer of={nodes} rows={3}>
				{(data) => (
					<ul className="browse">
						{data.nodes.map((each) => (
							<li key={each.node}>
								<div className="row browse-row">
									{each.kind === "object" ? (
										<button
											type="button"
											className="plain-button row"
											aria-expanded={open.has(each.node)}
											onClick={() => {
												const next = new Set(open);
												if (!next.delete(each.node)) next.add(each.node);
												setOpen(next);
											}}
										>
											<IconChevronRight size={14} className={open.has(each.node) ? "tree-arrow open" : "tree-arrow"} />
											<span className="strong">{each.name}</span>
										</button>
									) : (
										<Checkbox checked={taken(each)} onChange={() => onTake(each)} label={each.name} disabled={!each.address} />
									)}
									<span className="grow" />
									<span className="third small">{each.description}</span>
									<span className="mono second">
										{each.value} {each.unit ? unitLabel(each.unit) : ""}{" "}
										{each.type ? <span className="third">{each.type}</span> : null}
									</span>
								</div>
								{open.has(each.node) ? (
									<Level node={each.node} driver={driver} settings={settings} taken={taken} onTake={onTake} />
								) : null}
							</li>
						))}
						{data.nodes.length === 0 ? <li className="third browse-row">{t("add.nothingBelow")}</li> : null}
					</ul>
				)}
			</Answer>
			{nodes.error && node === undefined ? (
				<div className="stack browse-certificates">
					{/certificate|trust/i.test(`${asMillwrightError(nodes.error).code} ${asMillwrightError(nodes.error).message}`) ? (
						<Certificates waitingOnly onDecided={() => void nodes.refetch()} />
					) : null}
				</div>
			) : null}
		</>
	);
}

/** A look into the machine: tick what shall become a tag. */
export function BrowsePanel({ draft, change, settingFields, addressFields }: StepProps) {
	const { t } = useTranslation();
	const settings = valuesOf(settingFields, draft.settings);
	const keyOf = (address: Record<string, unknown>): string => JSON.stringify(textsOf(addressFields, address));
	const rows = filledRows(draft);
	const inTable = new Map(rows.map((row) => [JSON.stringify(row.address), row.id]));
	return (
		<Panel
			title={t("add.browse")}
			note={t("add.browseNote")}
			flush
			side={
				rows.length > 0 ? (
					<Button variant="subtle" onClick={() => change({ rows: [] })}>
						{t("add.clear", { count: rows.length })}
					</Button>
				) : undefined
			}
		>
			<div className="browse-scroll">
				<Level
					node={undefined}
					driver={draft.driver}
					settings={settings}
					taken={(node) => node.address !== undefined && inTable.has(keyOf(node.address))}
					onTake={(node) => {
						if (!node.address) return;
						const known = inTable.get(keyOf(node.address));
						if (known !== undefined) change({ rows: rows.filter((row) => row.id !== known) });
						else
							change({
								rows: [...rows, { ...emptyRow(textsOf(addressFields, node.address)), name: node.name, unit: node.unit ?? "" }],
							});
					}}
				/>
			</div>
		</Panel>
	);
}
