# SPDX-License-Identifier: Apache-2.0
"""What glance_store's drivers do not tell, for each kind of store.

The library reads from the first byte on, and removes what it knows the URL
of. Here stands how each kind is read from the middle, and what an upload may
leave that was cut off anywhere.

Everything here may block, and raises what the library and the clients of the
stores raise; :mod:`glancelite.stores.glance_store` makes our errors of it.
"""
from glancelite.stores.kinds import cinder
from glancelite.stores.kinds import kind
from glancelite.stores.kinds import rbd
from glancelite.stores.kinds import s3
from glancelite.stores.kinds import swift
from glancelite.stores.kinds import vmware

Kind = kind.Kind
Missing = kind.Missing
Found = kind.Found
Unset = kind.Unset

#: Kinds by what enabled_backends calls them.
KINDS = {'swift': swift.Swift, 's3': s3.S3, 'rbd': rbd.Rbd,
         'cinder': cinder.Cinder, 'vmware': vmware.Vmware}
