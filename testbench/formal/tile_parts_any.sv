// What a tile is made of, with any result at any time.
`default_nettype none

module input_driver #(
  parameter integer ROWS = 64
) (
  input  wire                          clk_i,
  input  wire                          clear_i,
  input  wire [1:0]                    we_i,
  input  wire [15:0]                   row_i,
  input  wire [15:0]                   value_i,
  input  wire                          load_i,
  output wire [7:0]                    used_o,
  input  wire                          select_i,
  input  wire [2:0]                    phase_i,
  output wire [((ROWS+31)/32)*32-1:0]  x_o,
  output wire [$clog2(ROWS+1)-1:0]     driven_o
);

  (* anyseq *) reg [7:0] used;

  assign used_o   = used;
  assign x_o      = 0;
  assign driven_o = 0;

endmodule

module threefry (
  input  wire        clk_i,
  input  wire        rst_ni,
  input  wire [31:0] key0_i,
  input  wire [31:0] key1_i,
  input  wire        valid_i,
  input  wire [31:0] counter0_i,
  input  wire [31:0] counter1_i,
  output wire        valid_o,
  output wire [31:0] word0_o,
  output wire [31:0] word1_o
);

  assign valid_o = 1'b0;
  assign word0_o = 32'd0;
  assign word1_o = 32'd0;

endmodule

module word_stage #(
  parameter integer WORDS      = 5,
  parameter integer UNIT_WIDTH = 10
) (
  input  wire                clk_i,
  input  wire                we_i,
  input  wire                last_i,
  input  wire [UNIT_WIDTH-1:0] unit_i,
  input  wire [31:0]         wdata_i,
  output wire                write_o,
  output wire [UNIT_WIDTH-1:0] unit_o,
  output wire [WORDS*32-1:0] data_o
);

  assign write_o = 1'b0;
  assign unit_o  = 0;
  assign data_o  = 0;

endmodule

module readout_lane #(
  parameter integer ROWS         = 64,
  parameter integer CODE_WIDTH   = 8,
  parameter integer PAGES        = 16,
  parameter integer COLUMNS      = 1024,
  parameter integer COLUMN_WIDTH = 10
) (
  input  wire                                    clk_i,
  input  wire                                    rst_ni,
  input  wire                                    array_we_i,
  input  wire [COLUMN_WIDTH-1:0]                 array_column_i,
  input  wire [CODE_WIDTH*((ROWS+31)/32)*32-1:0] array_wdata_i,
  input  wire                                    table_we_i,
  input  wire [COLUMN_WIDTH-1:0]                 table_column_i,
  input  wire [159:0]                            table_wdata_i,
  input  wire                                    inl_we_i,
  input  wire [$clog2(PAGES*64)-1:0]             inl_addr_i,
  input  wire [31:0]                             inl_wdata_i,
  input  wire                                    array_re_i,
  input  wire [15:0]                             word_i,
  output wire [31:0]                             word_o,
  input  wire [6:2]                              valid_i,
  input  wire [COLUMN_WIDTH-1:0]                 column_i,
  input  wire [((ROWS+31)/32)*32-1:0]            x_i,
  input  wire [$clog2(ROWS+1)-1:0]               driven_i,
  input  wire [31:0]                             noise_word_i,
  input  wire [2:0]                              phase_i,
  input  wire                                    inl_i,
  input  wire [((PAGES > 1) ? $clog2(PAGES) : 1)-1:0]
                                                 page_i,
  output wire [15:0]                             add_output_o,
  output wire signed [31:0]                      add_value_o,
  output wire                                    clip_low_o,
  output wire                                    clip_high_o
);

  (* anyseq *) reg [1:0] clips;

  assign word_o                    = 32'd0;
  assign add_output_o              = 16'd0;
  assign add_value_o               = 32'd0;
  assign {clip_low_o, clip_high_o} = clips;

endmodule

`default_nettype wire
