import { Textarea, TextInput } from "@mantine/core";
import { isTopic } from "@millwright/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { Confirm } from "../../parts/confirm.tsx";

const pathsIn = (text: string): string[] => text.split(/[\s,]+/).filter((path) => path !== "");

/** A new gateway: its name, the places whose tags it may own; its key is shown once. */
export function AdmitForm({
	onClose,
	onMade,
}: {
	onClose: () => void;
	onMade: (made: { gateway: string; paths: string[]; key: string }) => void;
}) {
	const { t } = useTranslation();
	const [gateway, setGateway] = useState("");
	const [title, setTitle] = useState("");
	const [text, setText] = useState("");
	const paths = pathsIn(text);
	const wrong = paths.find((path) => !isTopic(path));
	return (
		<Confirm
			title={t("edges.admit")}
			action={t("edges.admit")}
			needWhy
			onClose={onClose}
			onConfirm={async (why) => {
				const made = await namespace.admitGateway({ gateway: gateway.trim(), title: title.trim(), paths }, { why });
				onMade({ gateway: made.gateway, paths, key: made.key });
			}}
		>
			<div className="stack">
				<TextInput
					label={t("edges.id")}
					description={t("edges.idNote")}
					placeholder="line-1"
					value={gateway}
					required
					onChange={(event) => setGateway(event.currentTarget.value)}
				/>
				<TextInput label={t("edges.title")} value={title} onChange={(event) => setTitle(event.currentTarget.value)} />
				<Textarea
					label={t("edges.places")}
					description={t("edges.placesNote")}
					placeholder="northworks/building-a/line-1"
					autosize
					required
					value={text}
					error={wrong === undefined ? undefined : t("edges.badPlace", { path: wrong })}
					onChange={(event) => setText(event.currentTarget.value)}
				/>
			</div>
		</Confirm>
	);
}
