# SPDX-License-Identifier: Apache-2.0
"""Translation of the sentences that users see."""
import oslo_i18n

_translators = oslo_i18n.TranslatorFactory(domain='glancelite')

#: Marks a sentence for translation.
_ = _translators.primary
