//! Texts of the preview of the consent banner. The banner's own texts, in all languages, are in `domain/consent_banner`.

texts! {
    BannerPreview {
        title: "Banner preview",
        lead: "The consent banner as visitors see it, on a stand-in for your site. Nothing that you press here is counted or remembered.",
        site: "Your site",
        wide_light: "Wide screen, light",
        wide_dark: "Wide screen, dark",
        narrow_light: "Telephone, light",
        narrow_dark: "Telephone, dark",
        no_script: "The banner needs JavaScript, also on your site. Switch it on to see the preview.",
    }
}
