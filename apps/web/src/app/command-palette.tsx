import { Modal, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { type KeyboardEvent, useId, useState } from "react";
import { useTranslation } from "react-i18next";
import { twin } from "../data/clients.ts";
import { namespace } from "../data/namespace-client.ts";
import { unitLabel } from "../parts/unit-label.ts";
import { useFormat } from "../parts/use-format.ts";
import { lastLevel } from "../parts/words.ts";
import { governPlaces, loopPlaces, overviewPlace } from "./navigation.ts";
import { useSession } from "./session.tsx";
import "./command-palette.css";

interface Hit {
	id: string;
	group: string;
	title: string;
	note: string;
	go(): void;
}

/** Ctrl K: pages, assets, tags by any of their words; arrows and Enter. */
export function CommandPalette({ onClose }: { onClose: () => void }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const navigate = useNavigate();
	const list = useId();
	const [words, setWords] = useState("");
	const [asked] = useDebouncedValue(words.trim(), 120);
	const [chosen, setChosen] = useState(0);

	const assets = useQuery({
		queryKey: ["twin", "search", asked],
		queryFn: ({ signal }) => twin.search({ words: asked, limit: 8 }, { signal }),
		enabled: asked !== "" && may("twin.search"),
		placeholderData: keepPreviousData,
	});
	const tags = useQuery({
		queryKey: ["namespace", "search", asked],
		queryFn: ({ signal }) => namespace.search({ words: asked, limit: 8 }, { signal }),
		enabled: asked !== "" && may("namespace.search"),
		placeholderData: keepPreviousData,
	});

	const wanted = words.trim().toLowerCase();
	const pages: Hit[] = [
		...[overviewPlace, ...loopPlaces, ...governPlaces]
			.filter((place) => may(place.needs))
			.map((place) => ({
				id: `page-${place.key}`,
				group: t("palette.pages"),
				title: t(`nav.${place.key}`),
				note: "",
				go: () => void navigate({ to: place.to }),
			})),
		...(may("sense.applyChange")
			? [
					{
						id: "page-add",
						group: t("palette.pages"),
						title: t("overview.addMachine"),
						note: "",
						go: () => void navigate({ to: "/connections/add" }),
					},
				]
			: []),
	].filter((page) => page.title.toLowerCase().includes(wanted));

	const hits: Hit[] = [
		...pages,
		...(asked ? (assets.data?.assets ?? []) : []).map((asset) => ({
			id: `asset-${asset.asset}`,
			group: t("palette.assets"),
			title: format.words(asset.title) || lastLevel(asset.asset),
			note: asset.asset,
			go: () => void navigate({ to: "/assets/$", params: { _splat: asset.asset } }),
		})),
		...(asked ? (tags.data?.tags ?? []) : []).map((tag) => ({
			id: `tag-${tag.tag}`,
			group: t("palette.tags"),
			title: lastLevel(tag.tag),
			note: `${tag.tag}${tag.value === null ? "" : ` · ${typeof tag.value === "number" ? format.value(tag.value) : tag.value} ${unitLabel(tag.unit)}`}`,
			go: () => void navigate({ to: "/namespace", search: { tag: tag.tag } }),
		})),
	];
	const at = Math.min(chosen, hits.length - 1);

	const take = (hit: Hit | undefined): void => {
		if (!hit) return;
		onClose();
		hit.go();
	};
	const onKey = (event: KeyboardEvent): void => {
		if (event.key === "ArrowDown") setChosen(Math.min(hits.length - 1, at + 1));
		else if (event.key === "ArrowUp") setChosen(Math.max(0, at - 1));
		else if (event.key === "Enter") take(hits[at]);
		else return;
		event.preventDefault();
	};

	return (
		<Modal
			opened
			onClose={onClose}
			withCloseButton={false}
			padding={0}
			size={560}
			yOffset="12vh"
			centered={false}
			transitionProps={{ duration: 0 }}
			title={t("palette.open")}
			styles={{ header: { display: "none" } }}
		>
			<TextInput
				value={words}
				onChange={(event) => {
					setWords(event.currentTarget.value);
					setChosen(0);
				}}
				onKeyDown={onKey}
				placeholder={t("palette.find")}
				aria-label={t("palette.find")}
				role="combobox"
				aria-expanded="true"
				aria-controls={list}
				aria-activedescendant={hits[at] ? `${list}-${at}` : undefined}
				leftSection={<IconSearch size={16} stroke={1.8} />}
				variant="unstyled"
				size="sm"
				data-autofocus
				autoFocus
				className="palette-input"
			/>
			<div className="palette-list" role="listbox" id={list} aria-label={t("palette.open")}>
				{hits.map((hit, index) => (
					<div key={hit.id}>
						{hit.group !== hits[index - 1]?.group ? (
							<p className="palette-group" role="presentation">
								{hit.group}
							</p>
						) : null}
						<button
							type="button"
							tabIndex={-1}
							id={`${list}-${index}`}
							role="option"
							aria-selected={index === at}
							className={`plain-button palette-hit${index === at ? " chosen" : ""}`}
							onMouseMove={() => setChosen(index)}
							onClick={() => take(hit)}
						>
							<span className="strong">{hit.title}</span>
							<span className="mono second cut">{hit.note}</span>
						</button>
					</div>
				))}
				{hits.length === 0 ? <p className="second palette-none">{t("palette.nothing", { words })}</p> : null}
			</div>
		</Modal>
	);
}
