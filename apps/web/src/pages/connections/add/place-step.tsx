import { Autocomplete, Select, TextInput } from "@mantine/core";
import { isTopic } from "@millwright/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { useSession } from "../../../app/session.tsx";
import { sense, twin } from "../../../data/clients.ts";
import { useOverview } from "../../../data/use-overview.ts";
import { Panel } from "../../../parts/panel.tsx";
import { useFormat } from "../../../parts/use-format.ts";
import { assetPath, connectionName, filledRows, levelOrNothing } from "./draft.ts";
import { StepFoot } from "./step-foot.tsx";
import type { StepProps } from "./step-props.ts";

/** What the machine is called, where it stands, and which template describes it. */
export function PlaceStep({ draft, change, onBack, onNext }: StepProps & { onBack: () => void; onNext: () => void }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const overview = useOverview();
	const templates = useQuery({
		queryKey: ["twin", "templates"],
		queryFn: ({ signal }) => twin.templates({}, { signal }),
		enabled: may("twin.templates"),
	});
	const maps = useQuery({ queryKey: ["sense", "maps"], queryFn: ({ signal }) => sense.maps({}, { signal }) });
	const connections = useQuery({
		queryKey: ["sense", "connections"],
		queryFn: ({ signal }) => sense.connections({}, { signal }),
	});
	const path = assetPath(draft);
	const own = connectionName(draft);
	const tags =
		draft.source === "map"
			? Object.keys(maps.data?.maps[draft.map]?.tags ?? {})
			: filledRows(draft).map((row) => levelOrNothing(row.name));
	const fit = (template: string): number => {
		const known = templates.data?.templates[template]?.tags ?? {};
		return tags.filter((tag) => tag in known).length;
	};
	const offered = Object.entries(templates.data?.templates ?? {})
		.map(([name, template]) => ({ name, title: format.words(template.title) || name, fit: fit(name) }))
		.sort((a, b) => b.fit - a.fit);
	const taken = overview.data?.assets.some((asset) => asset.asset === path);
	const connectionTaken = connections.data?.connections.some((connection) => connection.connection === own);
	const needsTemplate = draft.source === "map" && draft.template === "";
	const missing =
		draft.name.trim() === "" || own === ""
			? t("add.nameIt")
			: draft.place.trim() === "" || !isTopic(path)
				? t("add.placeIt")
				: taken
					? t("add.pathTaken", { path })
					: connectionTaken
						? t("add.connectionTaken", { name: own })
						: needsTemplate
							? t("add.chooseTemplate")
							: undefined;
	return (
		<form
			className="stack"
			onSubmit={(event) => {
				event.preventDefault();
				if (!missing) onNext();
			}}
		>
			<Panel title={t("add.placeTitle")}>
				<div className="form-grid">
					<TextInput
						label={t("add.name")}
						description={t("add.nameNote")}
						value={draft.name}
						onChange={(event) => change({ name: event.currentTarget.value })}
						withAsterisk
						data-autofocus
					/>
					<Autocomplete
						label={t("add.place")}
						description={t("add.placeNote")}
						data={(overview.data?.places ?? []).map((place) => place.path)}
						value={draft.place}
						onChange={(place) => change({ place })}
						withAsterisk
					/>
					<Select
						label={t("add.template")}
						description={t("add.templateNote")}
						value={draft.template}
						onChange={(template) => change({ template: template ?? "" })}
						allowDeselect={false}
						data={[
							...(draft.source === "map" ? [] : [{ value: "", label: t("add.newTemplate") }]),
							...offered.map((template) => ({
								value: template.name,
								label: `${template.title} (${t("add.fits", { count: template.fit, all: tags.length })})`,
							})),
						]}
					/>
				</div>
			</Panel>
			<Panel title={t("add.tagsWillBe")} note={path ? undefined : t("add.nameIt")}>
				{path ? (
					<ul className="mono tag-names">
						{tags.slice(0, 12).map((tag) => (
							<li key={tag}>
								<span className="third">{path}/</span>
								{tag}
							</li>
						))}
						{tags.length > 12 ? <li className="third">{t("add.andMore", { count: tags.length - 12 })}</li> : null}
					</ul>
				) : null}
			</Panel>
			<StepFoot onBack={onBack} onNext={onNext} missing={missing} next={t("add.toReview")} />
		</form>
	);
}
