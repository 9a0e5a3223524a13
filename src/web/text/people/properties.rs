//! Texts of the page of properties, and of the form that declares one.

use crate::web::text::Plural;

texts! {
    Properties {
        title: "Properties",
        lead: "What is kept of contacts beside their emails and activity. A declared property has a label and a type, and takes only values that fit. First name, last name, phone and company are there from the start.",
        declare: "Declare property",
        none_title: "No declared properties yet",
        none: "Declare a property to give it a label and a type. Properties that sites and programs send without a declaration are kept as text.",
        name: "Property",
        kind: "Type",
        contacts: "Contacts",
        misfits: "Do not fit",
        /// Explains a column.
        misfits_what: "Contacts whose value is older than the type. It is kept until another value comes.",
        refused: "Refused",
        refused_what: "Values that did not fit since the property has its type. Nothing of them is kept.",
        /// Below the number of refused values.
        last_refused: "Last {when}",
        actions: "Actions",
        edit: "Edit",
        /// Read by screen readers.
        edit_one: "Edit {property}",
        remove: "Undeclare",
        remove_one: "Undeclare {property}",
        remove_effect: "Its values stay, as text of an undeclared property.",
        undeclared: "Undeclared",
        undeclared_lead: "Sites and programs send these properties. They are kept as text.",
        undeclared_none: "There are no undeclared properties.",
        undeclared_more: Plural = {
            one: "{n} more is not shown, because fewer contacts have it.",
            other: "{n} more are not shown, because fewer contacts have them.",
        },
        /// There are more names than are counted.
        undeclared_left_out: "There are so many undeclared properties that not all of them were counted. Names may be made up by a program that sends many.",
        declare_this: "Declare",
        declare_one: "Declare {property}",
        title_edit: "Edit property",
        internal_name: "Internal name",
        internal_name_hint: "As sites and programs send it. Capital letters become small ones. It cannot be changed later.",
        label: "Label",
        label_hint: "Shown on pages. Without one, the internal name is.",
        choices: "Choices",
        choices_hint: "For the type choice only: one on each line. Capital letters do not matter when a value is compared.",
        /// What a change of the type does to values.
        kept: "Values that contacts have now are kept, whether they fit or not. The list of properties says how many do not.",
        save: "Save",
        cancel: "Cancel",
        text: "Text",
        text_what: "Any text.",
        number: "Number",
        number_what: "A decimal number with a point, such as 12.5.",
        date: "Date",
        date_what: "A day such as 2026-01-31, a time whose day is taken, or milliseconds since 1970.",
        yes_no: "Yes or no",
        yes_no_what: "true, yes, 1 or on; false, no, 0 or off.",
        choice: "Choice",
        choice_what: "One of the choices below.",
        yes: "Yes",
        no: "No",
        wrong: WrongProperty {
            no_name: "Enter the internal name.",
            long_name: "A name can have at most {limit} characters.",
            is_email: "Emails have a place of their own and need no property.",
            built_in: "Every account has this property.",
            declared: "This property is declared already.",
            too_many: "An account can declare at most {limit} properties.",
            long_label: "A label can have at most {limit} characters.",
            no_choice: "Enter at least one choice.",
            many_choices: "A property can have at most {limit} choices.",
            long_choice: "A choice can have at most {limit} characters.",
            same_choice: "Two choices are the same.",
        },
        /// Why a value that an editor typed does not fit.
        misfit: Misfit {
            number: "Enter a number with a point, such as 12.5.",
            date: "Enter a day such as 2026-01-31.",
            yes_no: "Enter yes or no.",
            choice: "Enter one of these: {choices}.",
        },
    }
}
