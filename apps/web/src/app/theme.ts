import { createTheme, type MantineColorsTuple } from "@mantine/core";

// Ten shades because the widgets want ten; what is seen comes from tokens.css.
const accent: MantineColorsTuple = [
	"#eef7f8",
	"#d9ecef",
	"#b3d9df",
	"#88c4ce",
	"#55b7c8",
	"#2a8fa1",
	"#0b6e7f",
	"#0a6474",
	"#085360",
	"#06424c",
];

export const theme = createTheme({
	colors: { accent },
	primaryColor: "accent",
	primaryShade: { light: 6, dark: 4 },
	autoContrast: true,
	fontFamily: "var(--sans)",
	fontFamilyMonospace: "var(--mono)",
	fontSizes: { xs: "13px", sm: "13px", md: "13px", lg: "15px", xl: "18px" },
	defaultRadius: 6,
	cursorType: "pointer",
	respectReducedMotion: true,
	components: {
		Button: { defaultProps: { size: "xs" } },
		TextInput: { defaultProps: { size: "xs" } },
		PasswordInput: { defaultProps: { size: "xs" } },
		NumberInput: { defaultProps: { size: "xs" } },
		Textarea: { defaultProps: { size: "xs" } },
		Select: { defaultProps: { size: "xs", checkIconPosition: "right" } },
		MultiSelect: { defaultProps: { size: "xs" } },
		Autocomplete: { defaultProps: { size: "xs" } },
		TagsInput: { defaultProps: { size: "xs" } },
		Checkbox: { defaultProps: { size: "xs" } },
		Switch: { defaultProps: { size: "xs" } },
		SegmentedControl: { defaultProps: { size: "xs" } },
		Modal: { defaultProps: { centered: true, radius: 8, padding: 16, transitionProps: { duration: 80 } } },
		Drawer: { defaultProps: { position: "right", padding: 16, transitionProps: { duration: 120 } } },
		Menu: { defaultProps: { shadow: "none", withinPortal: true, transitionProps: { duration: 60 } } },
		Tooltip: { defaultProps: { openDelay: 300, transitionProps: { duration: 60 }, multiline: true, maw: 320 } },
	},
});
