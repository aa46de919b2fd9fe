import { Button, Combobox, useCombobox } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { namespace } from "../data/namespace-client.ts";
import { unitLabel } from "./unit-label.ts";
import { lastLevel } from "./words.ts";

/** Picks any tag of the plant by its words. */
export function TagPicker({ taken, onPick }: { taken: string[]; onPick: (tag: string) => void }) {
	const { t } = useTranslation();
	const [words, setWords] = useState("");
	const [asked] = useDebouncedValue(words.trim(), 150);
	const box = useCombobox({
		onDropdownOpen: () => box.focusSearchInput(),
		onDropdownClose: () => {
			box.resetSelectedOption();
			setWords("");
		},
	});
	const found = useQuery({
		queryKey: ["namespace", "search", asked],
		queryFn: ({ signal }) => namespace.search({ words: asked, limit: 30 }, { signal }),
		enabled: box.dropdownOpened,
	});
	const tags = (found.data?.tags ?? []).filter((tag) => !taken.includes(tag.tag));
	return (
		<Combobox
			store={box}
			width={380}
			position="bottom-start"
			onOptionSubmit={(tag) => {
				onPick(tag);
				box.closeDropdown();
			}}
		>
			<Combobox.Target withAriaAttributes={false}>
				<Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => box.toggleDropdown()}>
					{t("trend.addTag")}
				</Button>
			</Combobox.Target>
			<Combobox.Dropdown>
				<Combobox.Search
					value={words}
					onChange={(event) => setWords(event.currentTarget.value)}
					placeholder={t("trend.searchTag")}
					aria-label={t("trend.searchTag")}
				/>
				<Combobox.Options mah={320} style={{ overflowY: "auto" }}>
					{tags.map((tag) => (
						<Combobox.Option key={tag.tag} value={tag.tag}>
							<span className="strong">{lastLevel(tag.tag)}</span> <span className="third">{unitLabel(tag.unit)}</span>
							<br />
							<span className="mono second">{tag.tag}</span>
						</Combobox.Option>
					))}
					{tags.length === 0 && found.data ? <Combobox.Empty>{t("palette.nothing", { words })}</Combobox.Empty> : null}
				</Combobox.Options>
			</Combobox.Dropdown>
		</Combobox>
	);
}
