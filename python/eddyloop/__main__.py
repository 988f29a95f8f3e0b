# SPDX-License-Identifier: MIT
"""python -m eddyloop [-m] PROGRAM [ARGUMENT...]: runs a Python program all of whose event loops are Eddy's.

python -m eddyloop doctor: what the loop has here.
"""
import os
import runpy
import sys

import eddyloop


def main(arguments):
    if not arguments or arguments[0] in ('-h', '--help'):
        print(__doc__.strip())
        return 0 if arguments else 2
    if arguments == ['doctor']:
        print(eddyloop.doctor())
        return 0
    eddyloop.install()
    if arguments[0] == '-m':
        if len(arguments) < 2:
            print('python -m eddyloop -m MODULE: which module?', file=sys.stderr)
            return 2
        sys.argv = arguments[1:]
        sys.path[0] = os.getcwd()
        runpy.run_module(arguments[1], run_name='__main__', alter_sys=True)
    else:
        sys.argv = arguments
        sys.path[0] = os.path.dirname(os.path.abspath(arguments[0]))
        runpy.run_path(arguments[0], run_name='__main__')
    return 0


sys.exit(main(sys.argv[1:]))
